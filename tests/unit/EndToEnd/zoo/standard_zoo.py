"""What of the standard library finds a class, a function or a file by the module that it is in."""
from __future__ import annotations

import dataclasses
import enum
import inspect
import os
import pickle
import sys
import typing


@dataclasses.dataclass
class Point:
    x: int = 1
    shared: typing.ClassVar[dict] = {}
    many: list = dataclasses.field(default_factory=list)


class Colour(enum.Enum):
    RED = 1


def read(name):
    """A function whose source is asked for."""
    with open(os.path.join(os.path.dirname(__file__), name)) as file:
        return file.read()


def found():
    module = sys.modules[__name__]
    yield 'module', vars(module) is globals()
    yield 'fields', [field.name for field in dataclasses.fields(Point)] == ['x', 'many']
    yield 'hints', typing.get_type_hints(Point)['x'] is int
    yield 'pickle', pickle.loads(pickle.dumps([Point(2), Colour.RED, read])) == [Point(2), Colour.RED, read]
    yield 'source', 'whose source is asked for' in inspect.getsource(read) and 'default_factory' in inspect.getsource(Point)
    yield 'file', os.path.samefile(inspect.getfile(Point), __file__) and inspect.getmodule(read) is module
    yield 'spec', __spec__.name == __name__ and __spec__.origin == __file__ and __loader__.get_source(__name__).startswith('"""What of')
    yield 'beside', 'A page of' in read(os.path.join('templates', 'page.html'))


def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return ['\n'.join('%s %s' % (name, holds) for name, holds in found()).encode()]
