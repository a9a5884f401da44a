"""Real servers, and emulators that say so, that tests start: installed once, bound to this machine."""
