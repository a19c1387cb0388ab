// Package deploy holds what an operator starts: the container image, the compose file's TURN server and the sample
// configuration. It has no code, only the tests that keep those files right without a container engine:
//
//	docker-compose.yml ----------- loads with compose-go, fails without its secrets, ports and addresses agree
//	deploy/Dockerfile ------------ its build command is run; the result is static
//	deploy/coturn/turnserver.conf  a real coturn is started with it and asked for what it must refuse
//	deploy/heliograph.yml -------- held to the settings by internal/config
//
// It must not know how the server works inside.
package deploy
