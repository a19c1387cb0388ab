package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/v2"
)

// Sources says where the settings come from.
type Sources struct {
	// File is the path of the configuration file. Empty: HELIOGRAPH_CONFIG, else no file.
	File string
	// Environ is the environment as "NAME=value", os.Environ() in production.
	Environ []string
	// Flags holds what the command line says, by the name of the flag without dashes; a repeated flag has several texts.
	Flags map[string][]string
}

// Load merges all sources over Default and returns the settings, or an error that wraps ErrInvalid.
func Load(src Sources) (Config, error) {
	k := koanf.New(".")
	path := filePath(src)
	if path != "" {
		values, err := readFile(path)
		if err != nil {
			return Config{}, err
		}
		if err := apply(k, values); err != nil {
			return Config{}, err
		}
	}
	fromEnv, err := readEnv(src.Environ)
	if err != nil {
		return Config{}, err
	}
	if err := apply(k, fromEnv); err != nil {
		return Config{}, err
	}
	fromFlags, err := readFlags(src.Flags)
	if err != nil {
		return Config{}, err
	}
	if err := apply(k, fromFlags); err != nil {
		return Config{}, err
	}
	c := Default()
	c.File = path
	if err := k.Unmarshal("", &c); err != nil {
		return Config{}, invalid("%s", oneLine(err))
	}
	if c.AdminAddr == adminOff {
		c.AdminAddr = ""
	}
	return c, checkTogether(c)
}

// apply checks the values of one layer and lays them over those before. Lists and maps are replaced as a whole.
func apply(k *koanf.Koanf, values []value) error {
	layer := map[string]any{}
	for _, v := range values {
		if err := check(v); err != nil {
			return err
		}
		k.Delete(v.setting.key)
		layer[v.setting.key] = v.data
	}
	if err := k.Load(confmap.Provider(layer, "."), nil); err != nil {
		return invalid("%s", oneLine(err))
	}
	return nil
}

func filePath(src Sources) string {
	if src.File != "" {
		return src.File
	}
	const name = envPrefix + "CONFIG="
	for _, entry := range src.Environ {
		if path, ok := strings.CutPrefix(entry, name); ok {
			return path
		}
	}
	return ""
}

// readEnv converts the environment. An empty variable counts as not set. A name of ours that is no setting but looks like
// one is an error; other names are left alone, since container platforms add variables of their own.
func readEnv(environ []string) ([]value, error) {
	known := map[string]setting{}
	for _, s := range settings() {
		if s.env != "" {
			known[s.env] = s
		}
	}
	texts, err := env.Provider("", env.Opt{
		Prefix:      envPrefix,
		EnvironFunc: func() []string { return environ },
	}).Read()
	if err != nil {
		return nil, invalid("the environment cannot be read: %v", err)
	}
	names := slices.Sorted(maps.Keys(known))
	var values []value
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		text, isText := texts[name].(string)
		s, ok := known[name]
		if !ok {
			if near, found := nearest(name, names); found && name != envPrefix+"CONFIG" && distance(name, near) <= 2 {
				return nil, invalid("the environment variable %s is not known; did you mean %q?", name, near)
			}
			continue
		}
		if !isText || text == "" {
			continue
		}
		v, err := fromText(s, name, text)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return values, nil
}

// FlagNames lists the settings that can be flags, by the name of the flag without dashes.
func FlagNames() []string {
	var names []string
	for _, s := range settings() {
		if !strings.Contains(s.key, ".") {
			names = append(names, flagName(s.key))
		}
	}
	return names
}

func readFlags(flags map[string][]string) ([]value, error) {
	var values []value
	for _, s := range settings() {
		texts, given := flags[flagName(s.key)]
		if !given || strings.Contains(s.key, ".") {
			continue
		}
		v, err := fromText(s, "--"+flagName(s.key), texts...)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return values, nil
}
