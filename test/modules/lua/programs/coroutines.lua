-- Coroutines, with errors in and around them.
local function generate(n)
  return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end)
end
local sum = 0
for i in generate(1000) do sum = sum + i end
print(sum)

local co = coroutine.create(function(a, b)
  print("begin", a, b, coroutine.isyieldable())
  local c = coroutine.yield(a + b)
  print("then", c)
  local d, e = coroutine.yield(c * 2)
  error({d, e})
end)
print(coroutine.resume(co, 1, 2))
print(coroutine.status(co))
print(coroutine.resume(co, 10))
local ok, e = coroutine.resume(co, "d", "e")
print(ok, e[1], e[2], coroutine.status(co))
print(coroutine.resume(co))

-- A yield across pcall, and an error afterwards that this pcall catches.
local across = coroutine.wrap(function()
  local ok, e = pcall(function()
    local x = coroutine.yield("inside")
    error("after " .. x, 0)
  end)
  coroutine.yield(ok, e)
  return pcall(pcall, function() return coroutine.yield("twice") end)
end)
print(across())
print(across("resuming"))
print(across())
print(across("done"))

-- Errors go through wrap, with a place in front.
local wrapped = coroutine.wrap(function() error("in wrap") end)
print(pcall(wrapped))
print(pcall(wrapped))
print(pcall(coroutine.wrap(function() local x = nil + 1 end)))

-- Yields in metamethods, iterators and sorts (the last is not allowed).
local t = setmetatable({}, {__index = function(_, k) return coroutine.yield(k) end})
local meta = coroutine.wrap(function() return t.asked .. "!" end)
print(meta(), meta("answer"))
print(coroutine.resume(coroutine.create(function()
  table.sort({3, 2, 1}, function(a, b) coroutine.yield() return a < b end)
end)))
print(pcall(coroutine.yield))

-- One in the other.
local function nest(n)
  if n == 0 then error("bottom", 0) end
  local ok, e = coroutine.resume(coroutine.create(nest), n - 1)
  error(e .. "<" .. n, 0)
end
print(select(2, pcall(nest, 12)))

-- Closing.
local closed = coroutine.create(function()
  local x <close> = setmetatable({}, {__close = function() print("closed") end})
  coroutine.yield()
end)
coroutine.resume(closed)
print(coroutine.close(closed), coroutine.status(closed))
local bad = coroutine.create(function()
  local x <close> = setmetatable({}, {__close = function() error("while closing", 0) end})
  coroutine.yield()
end)
coroutine.resume(bad)
print(coroutine.close(bad))

-- Producer and consumer, a thousand coroutines at once.
local all = {}
for i = 1, 1000 do
  all[i] = coroutine.create(function(x)
    for round = 1, 3 do x = coroutine.yield(x + i) end
    if i % 2 == 0 then error("even", 0) end
    return x
  end)
end
local total, failed = 0, 0
for round = 1, 4 do
  for i = 1, 1000 do
    local ok, v = coroutine.resume(all[i], round)
    if ok then total = total + v else failed = failed + 1 end
  end
end
print(total, failed)
