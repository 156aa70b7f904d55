// The task runner forces colours on everything below it; programs that a test starts should see a plain pipe.
delete process.env["FORCE_COLOR"];
