-- SPDX-License-Identifier: MIT
-- intervals.lua -- Intervals and arrays through functions as collect:, select:, inject:into:, with:do:.
local bench = dofile("bench.lua")
local function interval(first, last, step)
  local array = {}
  for i = first, last, step or 1 do array[#array + 1] = i end
  return array
end
local function collect(array, f)
  local result = {}
  for i = 1, #array do result[i] = f(array[i]) end
  return result
end
local function inject(array, value, f)
  for i = 1, #array do value = f(value, array[i]) end
  return value
end
local function select(array, f)
  local result = {}
  for i = 1, #array do if f(array[i]) then result[#result + 1] = array[i] end end
  return result
end
local function with(a, b, f) for i = 1, #a do f(a[i], b[i]) end end
local function reverse(array, f) for i = #array, 1, -1 do f(array[i]) end end
local function maximum(array, f)
  local best, value
  for i = 1, #array do
    local v = f(array[i])
    if not value or v > value then best, value = array[i], v end
  end
  return best
end
bench("intervals", 200, function(n)
  local sum = 0
  for _ = 1, n do
    local squares = collect(interval(1, 1000), function(x) return x * x end)
    sum = sum + inject(interval(1, 1000), 0, function(a, x) return a + x end)
    sum = sum + inject(squares, 0, function(a, x) if x > a then return x end return a end)
    sum = sum + #select(interval(1, 2000, 2), function(x) return x % 3 == 0 end)
    with(squares, interval(1, 1000), function(a, b) sum = sum + a - b end)
    reverse(squares, function() sum = sum - 1 end)
    sum = sum + maximum(squares, function(x) return x % 1000 end)
  end
  return sum
end)
