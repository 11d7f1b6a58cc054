# cell: exercise_1_code
def code_variant():
    return (
        "me/code",
        '''
FROM phi4-mini:3.8b
PARAMETER temperature 0.1
PARAMETER num_ctx 4096
PARAMETER num_predict 2048
SYSTEM """You write Python."""
MESSAGE user Two
MESSAGE assistant """```python
TWO = 2
```"""
MESSAGE user Three
MESSAGE assistant """Here it is:
```python
THREE = 3
```
"""
''',
    )
