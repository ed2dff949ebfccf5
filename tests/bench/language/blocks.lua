-- SPDX-License-Identifier: MIT
-- blocks.lua -- Blocks that share variables with the method that made them, and outlive it.
local bench = dofile("bench.lua")
local Counters = {}
Counters.__index = Counters
function Counters:counter()
  local count = 0
  return function(step) count = count + step return count end
end
function Counters:compose(f, g) return function(x) return g(f(x)) end end
bench("blocks", 200000, function(n)
  local counters, sum = setmetatable({}, Counters), 0
  for i = 1, n do
    local counter = counters:counter()
    counter(i)
    counter(1)
    sum = sum + counters:compose(counter, function(x) return (x * 2 + sum) % 1000 end)(3)
  end
  return sum
end)
