# step: search for git credentials
# prints: ^/home/user/[.]git-credentials$
find / -path '*/.git-credentials' 2>/dev/null; true
