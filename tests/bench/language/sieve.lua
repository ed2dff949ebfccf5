-- SPDX-License-Identifier: MIT
-- sieve.lua -- The primes below 8192, many times.
local bench = dofile("bench.lua")
bench("sieve", 600, function(n)
  local count
  for _ = 1, n do
    count = 0
    local flags = {}
    for i = 1, 8192 do flags[i] = true end
    for i = 2, 8192 do
      if flags[i] then
        for k = i + i, 8192, i do flags[k] = false end
        count = count + 1
      end
    end
  end
  return count
end)
