# Thin: every target calls CMake presets and scripts/.
.PHONY: demo test bench format lint fuzz asan tsan clean

demo:
	scripts/bootstrap build demo test
	scripts/build release kantei demo_suspects
	scripts/collect_samples
	scripts/demo

test:
	scripts/bootstrap build test
	scripts/build release
	ctest --preset release

bench:
	scripts/bootstrap build bench demo
	scripts/build bench
	scripts/collect_samples
	bench/run

format:
	scripts/bootstrap check
	scripts/format

lint:
	scripts/lint

fuzz:
	scripts/fuzz

asan tsan:
	scripts/bootstrap build test
	scripts/build $@
	ctest --preset $@ --exclude-regex '^cli\.kill'

clean:
	rm -rf build
