"""The same floods against the real guards in virtual time: which guard keeps which flood from the others."""
