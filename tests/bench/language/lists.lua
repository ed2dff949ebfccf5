-- SPDX-License-Identifier: MIT
-- lists.lua -- Queues: adding and removing at both ends.
local bench = dofile("bench.lua")
bench("lists", 300, function(n)
  local one, two
  for _ = 1, n do
    one = {}
    for i = 1, 5000 do one[#one + 1] = i end
    two = {first = 1, last = #one, table.unpack(one)}
    local three, last = {}, 0
    while two.first <= two.last do
      last = last + 1
      three[last] = two[two.first]
      two[two.first] = nil
      two.first = two.first + 1
    end
    two = {}
    while last > 0 do
      two[#two + 1] = three[last]
      three[last] = nil
      last = last - 1
    end
    local reversed = {}
    for i = #one, 1, -1 do reversed[#reversed + 1] = one[i] end
    one = reversed
  end
  return one[1] + two[1]
end)
