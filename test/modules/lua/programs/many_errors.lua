-- As many errors as a server has in an hour.
local caught, texts = 0, {}
local function fail(i)
  if i % 2 == 0 then error(i) end
  error({number = i})
end
for i = 1, 20000 do
  local ok, e = pcall(fail, i)
  assert(not ok)
  caught = caught + (type(e) == "table" and e.number or tonumber(string.match(e, "(%d+)$")))
end
print(caught)
for i = 1, 1000 do
  local ok, e = pcall(string.rep, "x", 1 << 50)
  assert(not ok)
end
local ok = 0
for i = 1, 20000 do
  if pcall(math.floor, i) then ok = ok + 1 end
end
print(ok)
local t = setmetatable({}, {__index = function(_, k) error("no " .. k, 0) end})
local last
for i = 1, 5000 do
  local _, e = pcall(function() return t["k" .. i] end)
  last = e
end
print(last)
