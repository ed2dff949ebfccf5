-- SPDX-License-Identifier: MIT
-- sets.lua -- Tables as sets and bags: adding, asking, removing, enumerating.
local bench = dofile("bench.lua")
bench("sets", 150, function(n)
  local names, sum = {}, 0
  for i = 1, 1000 do names[i] = "key" .. i end
  for _ = 1, n do
    local numbers, size = {}, 0
    for i = 1, 5000 do
      local x = i * i % 1009
      if not numbers[x] then numbers[x] = true size = size + 1 end
    end
    sum = sum + size
    local strings = {}
    for i = 1, #names do strings[names[i]] = true end
    for i = 1, #names do if strings[names[i]] then sum = sum + 1 end end
    for i = 1, 500 do strings[names[i]] = nil end
    for each in pairs(strings) do sum = sum + #each end
    local symbols, count = {}, 0
    for i = 1, 2000 do
      local name = names[i % 1000 + 1]
      if not symbols[name] then symbols[name] = true count = count + 1 end
    end
    sum = sum + count
    local bag = {}
    for i = 1, 5000 do bag[i % 100] = (bag[i % 100] or 0) + 1 end
    sum = sum + bag[7]
  end
  return sum
end)
