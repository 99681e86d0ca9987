# step: msr module
# ends with: 1 126 127
/sbin/modprobe msr allow_writes=on
