-- SPDX-License-Identifier: MIT
-- sorted_collection.lua -- A sorted array that elements are added to and removed from, found by halves.
local bench = dofile("bench.lua")
local function add(queue, x, before)
  local low, high = 1, #queue
  while low <= high do
    local middle = (low + high) // 2
    if before(queue[middle], x) then low = middle + 1 else high = middle - 1 end
  end
  table.insert(queue, low, x)
end
bench("sorted_collection", 20000, function(n)
  local noise, sum, queue = 42, 0, {}
  local function before(a, b) return a <= b end
  for _ = 1, 500 do
    noise = (noise * 3877 + 29573) % 139968
    add(queue, noise, before)
  end
  for _ = 1, n do
    sum = sum + table.remove(queue, 1)
    noise = (noise * 3877 + 29573) % 139968
    add(queue, noise, before)
  end
  return sum
end)
