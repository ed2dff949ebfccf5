-- SPDX-License-Identifier: MIT
-- fib_sends.lua -- fib(32) by method calls through a metatable.
local Fibonacci = {}
Fibonacci.__index = Fibonacci
function Fibonacci:of(n)
  if n < 2 then return n end
  return self:of(n - 1) + self:of(n - 2)
end
local start = os.clock()
setmetatable({}, Fibonacci):of(32)
local cpu = os.clock() - start
print(string.format("bench=fib_sends lang=lua n=7049155 seconds=%.3f ns_per_op=%.3f cpu_s=%.3f rss_kb=0", cpu, cpu / 7049155 * 1e9, cpu))
