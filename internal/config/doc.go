// Package config loads the settings of a server and refuses what cannot work, each time with one sentence that says
// what to do.
//
// A setting has one name in three spellings. The rule is mechanical, so knowing one spelling means knowing all:
//
//	file          httpAddr             room.maxParticipants
//	environment   HELIOGRAPH_HTTP_ADDR HELIOGRAPH_ROOM_MAX_PARTICIPANTS
//	flag          --http-addr          (nested settings have no flag)
//
// Data flow; a later layer replaces what an earlier one said, lists and maps as a whole:
//
//	Default() < file (YAML) < environment < flags
//	    each value: converted to its type, checked, and kept with the place that it came from
//	    all layers: merged, then checked against each other (a certificate needs its key)
//
// The file deploy/heliograph.yml is the reference of all settings; a test holds it to the Config struct.
//
// The package must not know what the settings are used for: it opens no socket and reads no file but the
// configuration file itself.
package config
