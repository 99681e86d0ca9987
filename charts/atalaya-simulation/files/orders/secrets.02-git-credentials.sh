# step: git credentials
# ends with: 0
# prints: @git[.]invalid$
cat /home/user/.git-credentials
