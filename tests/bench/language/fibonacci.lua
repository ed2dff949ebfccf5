-- SPDX-License-Identifier: MIT
-- fibonacci.lua -- Fibonacci by double recursion: sends, comparison, addition.
local bench = dofile("bench.lua")
local function fibonacci(n)
  if n < 2 then return 1 end
  return fibonacci(n - 1) + fibonacci(n - 2)
end
bench("fibonacci", 32, fibonacci)
