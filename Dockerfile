FROM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=container
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.release=${VERSION}" -o /fedbridge ./cmd/fedbridge
# A named volume takes its owner from the folder that it is mounted on.
RUN mkdir -p /state/var/lib/fedbridge

# Nothing but the binary and the certificates of public authorities: no shell, no package manager, no root.
FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build --chown=65532:65532 /state/ /
COPY --from=build /fedbridge /fedbridge
USER 65532:65532
EXPOSE 8443
ENTRYPOINT ["/fedbridge"]
CMD ["serve", "--config", "/etc/fedbridge/fedbridge.yaml"]
