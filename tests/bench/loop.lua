-- SPDX-License-Identifier: MIT
-- loop.lua -- a tight loop of integer arithmetic and array access, 20 million turns.
local function turns(n, size)
  local array, sum = {}, 0
  for i = 1, size do array[i] = i end
  for _ = 1, n // size do
    for i = 1, size do
      sum = sum + array[i]
      array[i] = sum % 7
    end
  end
  return sum
end
local start = os.clock()
turns(20000000, 1000)
local cpu = os.clock() - start
print(string.format("bench=loop lang=lua n=20000000 seconds=%.3f ns_per_op=%.3f cpu_s=%.3f rss_kb=0", cpu, cpu / 20000000 * 1e9, cpu))
