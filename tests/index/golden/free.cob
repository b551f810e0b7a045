>>SOURCE FORMAT FREE
identification division.
program-id. greeter.
data division.
working-storage section.
01 ws-name pic x(20). *> who
procedure division.
main.
    perform say-hello
    exec sql include sqlca end-exec
    exec cics link program('NEXTONE') end-exec
    stop run.

say-hello.
    display "hello " ws-name.
