#!/bin/bash
# Open WebUI takes its first password from the environment only. Read here from a file, it is not in
# `docker inspect`.
set -euo pipefail
export WEBUI_SECRET_KEY WEBUI_ADMIN_PASSWORD
WEBUI_SECRET_KEY=$(cat /run/secrets/webui_secret_key)
WEBUI_ADMIN_PASSWORD=$(cat /run/secrets/webui_admin_password)
exec bash /app/backend/start.sh
