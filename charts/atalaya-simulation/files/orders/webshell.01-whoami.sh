# step: whoami
# plain
# prints: ^www-data$
whoami
