-- Recursion to the limits, each caught.
local function forever(n) return 1 + forever(n + 1) end
for i = 1, 2 do
  local ok, e = pcall(forever, 1)
  print(ok, e:match("^program:%d+: stack overflow"))
end

-- Tail calls have no limit.
local function loop(n) if n == 0 then return "end" end return loop(n - 1) end
print(loop(300000))

-- Through C: pcall, gsub, sort, metamethods, coroutines, load.
local function in_pcall(n) return n == 0 and "bottom" or select(2, pcall(in_pcall, n - 1)) end
print(in_pcall(30))
local function in_gsub(n)
  return n == 0 and "bottom" or (("x"):gsub("x", function() return in_gsub(n - 1) end))
end
print(in_gsub(30))
local function in_sort(n)
  if n == 0 then error("bottom", 0) end
  table.sort({1, 2}, function() in_sort(n - 1) end)
end
print(pcall(in_sort, 30))
local function in_coroutine(n)
  return n == 0 and "bottom" or coroutine.wrap(in_coroutine)(n - 1)
end
print(in_coroutine(30))

-- Too deep in C: an error as well.
local function endless() return (("x"):gsub("x", endless)) end
local ok, e = pcall(endless)
print(ok, e:match("C stack overflow"))
local t = setmetatable({}, {})
getmetatable(t).__index = function(t, k) return t[k + 1] end
local ok, e = pcall(function() return t[1] end)
print(ok, e:match("C stack overflow"))
print(select(2, load("return " .. ("("):rep(300) .. "1" .. (")"):rep(300))):match("C stack overflow"))
print(select(2, load("return " .. ("{"):rep(300))):match("C stack overflow"))
local ok, e = pcall(string.rep, "x", math.maxinteger)
print(ok, e)
local deep = {}
for i = 1, 100000 do deep = {deep} end
collectgarbage()
print(type(deep))
