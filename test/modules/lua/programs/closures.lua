-- Functions as values, scopes, goto, varargs.
local function counter()
  local n = 0
  return function() n = n + 1 return n end, function() return n end
end
local inc, get = counter()
inc() inc()
print(inc(), get(), (counter())())
local fs = {}
for i = 1, 3 do fs[i] = function() i = i + 1 return i end end
print(fs[1](), fs[1](), fs[2](), fs[3]())

for i = 1, 3 do
  for j = 1, 3 do
    if j == 2 then goto continue end
    if i == 2 then goto next end
    print(i, j)
    ::continue::
  end
  ::next::
end
do
  local k = 0
  ::top::
  k = k + 1
  if k < 10 then goto top end
  print(k)
end

local function varargs(...)
  local a, b = ...
  return select("#", ...), a, b, ...
end
print(varargs())
print(varargs(1, nil, nil))
print((varargs(1, 2, 3)))
print(pcall(select, 0))
print(#{varargs(1, 2)})

local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
print(fib(22))
local Y = function(f)
  return (function(x) return x(x) end)(function(x) return f(function(...) return x(x)(...) end) end)
end
print(Y(function(f) return function(n) return n == 0 and 1 or n * f(n - 1) end end)(20))
local function compose(f, ...)
  if not ... then return f end
  local g = compose(...)
  return function(...) return f(g(...)) end
end
print(compose(math.sqrt, math.abs, tonumber)("-16"))

local constant <const> = 5
print(constant, load("local x <const> = 1; x = 2"))
local env = {print = print}
print(pcall(load("x = 1; print(x); return y.z", "chunk", "t", env)), env.x)
print(load(string.dump(function(x) return x * 2 end))(21))
print(pcall(load, "return 1", "name", "b"))
local shared
local function set(v) shared = v end
set(3)
print(shared, type(_ENV), _ENV == _G, _VERSION)

-- The eight queens, and a sieve.
local function queens(n)
  local solutions, cols, d1, d2 = 0, {}, {}, {}
  local function place(r)
    if r > n then solutions = solutions + 1 return end
    for c = 1, n do
      if not cols[c] and not d1[r + c] and not d2[r - c] then
        cols[c], d1[r + c], d2[r - c] = true, true, true
        place(r + 1)
        cols[c], d1[r + c], d2[r - c] = nil, nil, nil
      end
    end
  end
  place(1)
  return solutions
end
print(queens(6), queens(7))
local sieve, primes = {}, 0
for i = 2, 50000 do
  if not sieve[i] then
    primes = primes + 1
    for j = i * i, 50000, i do sieve[j] = true end
  end
end
print(primes)
