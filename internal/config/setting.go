package config

import (
	"reflect"
	"strings"
	"unicode"
)

// envPrefix begins the name of every environment variable that is ours.
const envPrefix = "HELIOGRAPH_"

// setting is one leaf of Config with its three spellings.
type setting struct {
	key string       // in the file, with dots: "room.codec"
	env string       // HELIOGRAPH_ROOM_CODEC; empty when text cannot express the value
	typ reflect.Type // of the field
}

// settings lists all leaves of Config in the order of its fields.
func settings() []setting {
	return leaves(reflect.TypeFor[Config](), "")
}

func leaves(t reflect.Type, prefix string) []setting {
	var all []setting
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Tag.Get("koanf") == "-" {
			continue
		}
		key := prefix + f.Tag.Get("koanf")
		if f.Type.Kind() == reflect.Struct {
			all = append(all, leaves(f.Type, key+".")...)
			continue
		}
		s := setting{key: key, typ: f.Type}
		if f.Type != reflect.TypeFor[[]ICEServer]() {
			s.env = envName(key)
		}
		all = append(all, s)
	}
	return all
}

// envName turns "room.maxParticipants" into HELIOGRAPH_ROOM_MAX_PARTICIPANTS.
func envName(key string) string {
	var b strings.Builder
	b.WriteString(envPrefix)
	for _, r := range key {
		switch {
		case r == '.':
			b.WriteByte('_')
		case unicode.IsUpper(r):
			b.WriteByte('_')
			b.WriteRune(r)
		default:
			b.WriteRune(unicode.ToUpper(r))
		}
	}
	return b.String()
}

// flagName turns "httpAddr" into "http-addr".
func flagName(key string) string {
	name := strings.TrimPrefix(envName(key), envPrefix)
	return strings.ToLower(strings.ReplaceAll(name, "_", "-"))
}
