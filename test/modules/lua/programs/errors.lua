-- Errors of every kind, and who catches them.
local function show(...) print(select("#", ...), ...) end

show(pcall(error, "plain"))
show(pcall(error, "plain", 0))
show(pcall(error))
show(pcall(error, nil))
show(pcall(error, 42))
print(#select(2, pcall(error, {1, 2, 3})))
print(select(2, pcall(error, setmetatable({}, {__tostring = function() return "an object" end}))))
show(pcall(function() error("with a place") end))
show(pcall(function() error("of the caller", 2) end))
show(pcall(function() local x; return x.y end))
show(pcall(function() return unknown.field end))
show(pcall(function() local t = {}; t.a.b = 1 end))
show(pcall(function() return 1 + {} end))
show(pcall(function() return "a" + 1 end))
show(pcall(function() return "10" + 1 end))
show(pcall(function() return {} .. "x" end))
show(pcall(function() return 1 < "2" end))
show(pcall(function() return {} < {} end))
show(pcall(function() return #5 end))
show(pcall(function() return 1 // 0 end))
show(pcall(function() return 1 % 0 end))
show(pcall(function() return 1.5 | 1 end))
show(pcall(function() return ("x")() end))
show(pcall(string.rep))
show(pcall(string.rep, "x", -1))
show(pcall(setmetatable, 1, {}))
show(pcall(assert, false))
show(pcall(assert, nil, "of assert"))
show(pcall(assert, 1, 2, 3))
show(load("x ="))
show(load("for"))
show(load("goto nowhere"))
show(load("return 1, 2")())
show(pcall(load, nil))

-- Nested: each level catches its own, and what it throws on goes to the next.
local function level(n)
  if n == 0 then error({depth = 0}) end
  local ok, e = pcall(level, n - 1)
  assert(not ok)
  e.depth = e.depth + 1
  error(e, 0)
end
print(select(2, pcall(level, 50)).depth)

-- The handler of xpcall runs where the error is.
print(xpcall(function() error("seen", 0) end, function(e) return e .. " by the handler" end))
print(xpcall(function(a, b) return a + b end, print, 3, 4))
print((select(2, xpcall(function() local nothing; nothing() end, debug.traceback))))
print(xpcall(error, function(e) error("again", 0) end, "first"))
print(pcall(pcall))
print(pcall(pcall, error, "inner"))
print(pcall(xpcall))

-- What is to be closed is closed on the way, with the error.
local function closing(name)
  return setmetatable({}, {__close = function(_, e) print("close", name, e) end})
end
print(pcall(function()
  local a <close> = closing("a")
  local b <close> = closing("b")
  error("left", 0)
end))
print(pcall(function()
  local a <close> = closing("a")
  local b <close> = setmetatable({}, {__close = function(_, e) error(e .. " and failed", 0) end})
  error("left", 0)
end))
for i = 1, 3 do
  local c <close> = closing(i)
  if i == 2 then break end
end
local later = "the error of the program"
error(later)
