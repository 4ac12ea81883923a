"""Radicale, with its collections beside it."""
import os

from radicale import config
from radicale.app import Application

HERE = os.path.dirname(os.path.abspath(__file__))
settings = config.load()
settings.update({
    'storage': {'filesystem_folder': os.path.join(HERE, 'collections-%d-%s' % (os.getpid(), __name__))},
    'auth': {'type': 'none'}, 'rights': {'type': 'authenticated'}, 'web': {'type': 'internal'}}, 'zoo', privileged=True)
application = Application(settings)
