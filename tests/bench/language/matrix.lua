-- SPDX-License-Identifier: MIT
-- matrix.lua -- Multiplying 30 by 30 matrices of integers, rows as arrays.
local bench = dofile("bench.lua")
local function make(rows, columns)
  local count, m = 0, {}
  for i = 1, rows do
    m[i] = {}
    for j = 1, columns do count = count + 1; m[i][j] = count end
  end
  return m
end
local function multiply(a, b)
  local result = {}
  for i = 1, #a do
    local row, my = {}, a[i]
    for j = 1, #b[1] do
      local sum = 0
      for k = 1, #b do sum = sum + my[k] * b[k][j] end
      row[j] = sum
    end
    result[i] = row
  end
  return result
end
bench("matrix", 100, function(n)
  local a, b, c = make(30, 30), make(30, 30)
  for _ = 1, n do c = multiply(a, b) end
  return c[4][5]
end)
