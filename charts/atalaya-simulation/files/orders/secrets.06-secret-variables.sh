# step: secret variables
# ends with: 0
# prints: ^AWS_SECRET_ACCESS_KEY=
set | grep AWS_SECRET_ACCESS_KEY=
