"""How fast the desk is, in CPU time against a floor of the same run: `python -m bench`. Not part of the wheel."""
