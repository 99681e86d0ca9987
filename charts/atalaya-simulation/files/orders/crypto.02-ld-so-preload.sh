# step: ld.so.preload
# ends with: 1
# prints: Permission denied
touch /etc/ld.so.preload
