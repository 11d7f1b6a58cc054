# Open WebUI as it comes, and one folder that an ordinary user may write to.
ARG TAG=v0.11.4
FROM ghcr.io/open-webui/open-webui:${TAG}
USER root
RUN mkdir -p /data && chown 1000:1000 /data
USER 1000:1000
