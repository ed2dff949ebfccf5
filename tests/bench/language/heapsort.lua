-- SPDX-License-Identifier: MIT
-- heapsort.lua -- Heap sort of random floats.
local bench = dofile("bench.lua")
local last = 42
local function noise(limit)
  last = (last * 3877 + 29573) % 139968
  return limit * last / 139968
end
local function heapsort(a, n)
  local l, r = n // 2 + 1, n
  while true do
    local item
    if l > 1 then
      l = l - 1
      item = a[l]
    else
      item = a[r]
      a[r] = a[1]
      r = r - 1
      if r == 1 then a[1] = item; return end
    end
    local i, j = l, l + l
    while j <= r do
      if j < r and a[j] < a[j + 1] then j = j + 1 end
      if item < a[j] then a[i] = a[j]; i = j; j = j + j else j = r + 1 end
    end
    a[i] = item
  end
end
bench("heapsort", 200000, function(n)
  local a = {}
  for i = 1, n do a[i] = noise(1.0) end
  heapsort(a, n)
  return a[n]
end)
