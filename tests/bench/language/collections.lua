-- SPDX-License-Identifier: MIT
-- collections.lua -- select, collect, inject, detect with blocks.
local bench = dofile("bench.lua")
local function select(t, f) local r = {} for _, x in ipairs(t) do if f(x) then r[#r + 1] = x end end return r end
local function collect(t, f) local r = {} for i, x in ipairs(t) do r[i] = f(x) end return r end
local function inject(t, a, f) for _, x in ipairs(t) do a = f(a, x) end return a end
local function detect(t, f) for _, x in ipairs(t) do if f(x) then return x end end end
bench("collections", 400, function(n)
  local numbers, sum = {}, 0
  for i = 1, 5000 do numbers[i] = i end
  for _ = 1, n do
    sum = sum + inject(collect(select(numbers, function(x) return x % 2 == 0 end), function(x) return x * x end), 0, function(a, b) return a + b end)
    sum = sum + detect(numbers, function(x) return x > 4000 end)
  end
  return sum
end)
