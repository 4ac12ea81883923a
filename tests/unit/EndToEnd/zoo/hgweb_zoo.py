"""hgweb on a repository beside it, that anybody may push to."""
import os

from mercurial import hg, ui
from mercurial.hgweb import hgweb

HERE = os.path.dirname(os.path.abspath(__file__))
# Each process and each way to load it has a repository of its own.
repository = os.path.join(HERE, 'repository-%d-%s' % (os.getpid(), __name__))
settings = ui.ui.load()
settings.setconfig(b'web', b'allow-push', b'*')
settings.setconfig(b'web', b'push_ssl', b'no')
settings.setconfig(b'web', b'name', b'a page of hgweb')
hg.repository(settings, os.fsencode(repository), create=True)
application = hgweb(os.fsencode(repository), baseui=settings)
