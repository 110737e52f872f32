-- The host answers small numbers; what it does not answer is an error.
print(ask(1), ask(20))
print(pcall(ask, -1))
print(pcall(ask, "x"))
local sum, failed = 0, 0
for i = -50, 49 do
  local ok, answer = pcall(ask, i)
  if ok then sum = sum + answer else failed = failed + 1 end
end
print(sum, failed)
print(pcall(coroutine.wrap(function()
  local first = ask(2)
  coroutine.yield(first)
end)))
local co = coroutine.wrap(function()
  local ok, e = pcall(function() coroutine.yield(ask(3)) return ask(-3) end)
  return ok, e
end)
print(co())
print(co())
local t = setmetatable({}, {__index = function(_, k) return ask(k) end})
print(t[5], pcall(function() return t[-5] end))
table.sort({3, 1, 2}, function(a, b) return ask(a) < ask(b) end)
ask(-9)
