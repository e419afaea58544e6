# An image that holds the executable and what it drives. Build dist/minik first: npm ci && npm run build
FROM debian:12-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates conntrack containerd containernetworking-plugins iproute2 nftables runc \
 && rm -rf /var/lib/apt/lists/*
COPY dist/minik /usr/local/bin/minik
# Threads share what one of them has freed (docs/operations.md).
ENV MALLOC_ARENA_MAX=2
VOLUME /var/lib/minik
EXPOSE 6443
ENTRYPOINT ["minik"]
CMD ["server"]
