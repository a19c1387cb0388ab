package config

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// value is one setting as one layer gave it.
type value struct {
	setting setting
	where   string // "--udp-port", "HELIOGRAPH_UDP_PORT" or "heliograph.yml line 7: udpPort"
	data    any    // string, int, bool, []string, map[string]string or []ICEServer, by the type of the setting
}

// fromText converts what an environment variable or a flag says. Lists are separated by commas, maps are lists of
// name:value. The texts of a repeated flag are joined.
func fromText(s setting, where string, texts ...string) (value, error) {
	v := value{setting: s, where: where}
	text := strings.Join(texts, ",")
	switch s.typ.Kind() {
	case reflect.String:
		v.data = text
	case reflect.Int:
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil {
			return v, invalid("%s: %q is not a whole number", where, text)
		}
		v.data = n
	case reflect.Bool:
		b, err := strconv.ParseBool(strings.TrimSpace(text))
		if err != nil {
			return v, invalid("%s: %q is neither true nor false", where, text)
		}
		v.data = b
	case reflect.Slice:
		v.data = splitList(text)
	case reflect.Map:
		m, err := splitMap(text)
		if err != nil {
			return v, invalid("%s: %v", where, err)
		}
		v.data = m
	default:
		return v, invalid("%s cannot be set by text, write it into the configuration file", where)
	}
	return v, nil
}

func splitList(text string) []string {
	list := []string{}
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	return list
}

var errNotPair = errors.New("write key ids and secrets as kid:secret, separated by commas")

func splitMap(text string) (map[string]string, error) {
	m := map[string]string{}
	for _, item := range splitList(text) {
		name, val, ok := strings.Cut(item, ":")
		if !ok {
			return nil, errNotPair // without the text: it may be a secret
		}
		if _, twice := m[name]; twice {
			return nil, fmt.Errorf("%q is there twice, keep one", name)
		}
		m[name] = val
	}
	return m, nil
}
