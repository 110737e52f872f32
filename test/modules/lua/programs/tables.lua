-- Tables, sorting and the comparators that fail.
local function list(n, f) local t = {} for i = 1, n do t[i] = f(i) end return t end
local function sorted(t, less)
  for i = 2, #t do if (less or function(a, b) return a < b end)(t[i], t[i - 1]) then return false end end
  return true
end
math.randomseed(7)
local t = list(5000, function() return math.random(100000) end)
table.sort(t)
print(sorted(t))
table.sort(t, function(a, b) return a > b end)
print(sorted(t, function(a, b) return a > b end))
local words = {"pear", "apple", "fig", "banana", "cherry"}
table.sort(words)
print(table.concat(words, " "))
table.sort(words, function(a, b) return #a < #b or #a == #b and a < b end)
print(table.concat(words, " "))

print(pcall(table.sort, {3, "x", 1}))
print(pcall(table.sort, {1, 2, 3}, function() error("comparator", 0) end))
print(pcall(table.sort, list(100, function(i) return i % 7 end), function() return true end))
local calls = 0
local ok, e = pcall(table.sort, list(100, function(i) return -i end), function(a, b)
  calls = calls + 1
  if calls == 50 then error({after = calls}) end
  return a < b
end)
print(ok, e.after, calls)
-- A comparator that catches its own errors.
local numbers = {5, 3, 9, 1}
table.sort(numbers, function(a, b)
  local ok, e = pcall(error, a < b)
  return e
end)
print(table.concat(numbers, ","))

print(table.concat({1, 2.5, "x"}, "-"), table.concat({}, "x"), table.concat({1, 2, 3}, ",", 2, 3))
print(pcall(table.concat, {1, {}, 3}))
print(table.unpack({1, 2, 3}, 2), select("#", table.unpack({}, 1, 3)), select(-1, 1, 2, 3))
print(pcall(table.unpack, {}, 1, 1e8))
local q = {}
for i = 1, 5 do table.insert(q, 1, i) end
print(table.concat(q), table.remove(q), table.remove(q, 1), table.concat(q), table.remove({}))
print(pcall(table.insert, q, 10, "x"))
print(table.concat(table.move({1, 2, 3}, 1, 3, 3), ","))
print(#table.pack(nil, nil, 3), table.pack(nil, nil).n)
print(next({}), type(next), rawlen({1, 2}), rawequal(t, t), rawget(setmetatable({}, {__index = t}), 1))
print(pcall(next, {}, "no key"))
print(pcall(rawset, {}, nil, 1))
print(pcall(function() local x = {} x[0 / 0] = 1 end))
local sparse = {}
for i = 1, 100000 do sparse[i * 1000] = i end
local sum = 0
for k, v in pairs(sparse) do sum = sum + v end
print(sum)

-- Objects, inheritance, operators.
local V = {}
V.__index = V
V.__add = function(a, b) return setmetatable({x = a.x + b.x}, V) end
V.__eq = function(a, b) return a.x == b.x end
V.__lt = function(a, b) return a.x < b.x end
V.__le = function(a, b) return a.x <= b.x end
V.__len = function(a) return a.x end
V.__call = function(self, y) return self.x * y end
V.__concat = function(a, b) return tostring(a) .. tostring(b) end
V.__tostring = function(a) return "V" .. a.x end
V.__unm = function(a) return setmetatable({x = -a.x}, V) end
V.__idiv = function(a, b) error("no idiv", 0) end
local a, b = setmetatable({x = 1}, V), setmetatable({x = 2}, V)
print(tostring(a + b), a == b, a < b, a <= b, a > b, #b, b(21), a .. b, tostring(-a))
print(pcall(function() return a // b end))
print(pcall(function() return a - b end))
local log = {}
local proxy = setmetatable({}, {
  __index = function(_, k) log[#log + 1] = "get " .. k return k end,
  __newindex = function(t, k, v) log[#log + 1] = "set " .. k rawset(t, k, v) end,
})
proxy.a = proxy.b
print(proxy.a, table.concat(log, ", "))
local Animal = {}
Animal.__index = Animal
function Animal.new(name) return setmetatable({name = name}, Animal) end
function Animal:speak() return self.name .. " makes a sound" end
local Dog = setmetatable({}, {__index = Animal})
Dog.__index = Dog
function Dog:speak() return Animal.speak(self) .. ": woof" end
print(setmetatable({name = "Rex"}, Dog):speak())

-- Garbage: finalizers run, weak tables empty, memory comes back.
local finalized = 0
for i = 1, 100 do setmetatable({}, {__gc = function() finalized = finalized + 1 end}) end
local weak = setmetatable({}, {__mode = "v"})
for i = 1, 100 do weak[i] = {} end
collectgarbage()
print(finalized, #weak, next(weak))
local before = collectgarbage("count")
do local big = list(500000, function(i) return i end) end
collectgarbage()
print(collectgarbage("count") - before < 100)
setmetatable({}, {__gc = function() error("in a finalizer") end})
print(pcall(collectgarbage))
