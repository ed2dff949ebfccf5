-- SPDX-License-Identifier: MIT
-- sort.lua -- The library sorts: numbers, numbers by a block, strings.
local bench = dofile("bench.lua")
bench("sort", 100000, function(n)
  local noise, numbers, strings = 42, {}, {}
  for i = 1, n do
    noise = (noise * 3877 + 29573) % 139968
    numbers[i], strings[i] = noise, tostring(noise)
  end
  table.sort({table.unpack(numbers)})
  table.sort({table.unpack(numbers)}, function(a, b) return a > b end)
  local sorted = {table.unpack(strings)}
  table.sort(sorted)
  return sorted[1]
end)
