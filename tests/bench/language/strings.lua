-- SPDX-License-Identifier: MIT
-- strings.lua -- A long string out of short ones.
local bench = dofile("bench.lua")
bench("strings", 2000000, function(n)
  local parts, insert = {}, table.insert
  for _ = 1, n do insert(parts, "hello"); insert(parts, "\n") end
  return #table.concat(parts)
end)
