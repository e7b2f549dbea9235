"""The service under API and page: who uses it needs no knowledge of models, threads or files.

    from stillyou.app.service import EditTask, Service

    service = Service(editor)                                  # an `editing.editor.Editor`; starts its worker
    upload  = service.take(data)                               # bytes of a picture -> Upload, checked but not decoded
    view    = service.submit(EditTask(upload, service.request("santa", {"design": "green", "seed": 3})))
    view    = service.wait(view.id, timeout=60)                # or view(id), or watch(id, callback)
    picture = service.read_result(view.id, "picture")          # also "mask" and "draft" (RGBA): bytes of a file
    service.cancel(view.id)                                    # when whoever wanted it has left
    seen    = service.look(upload)                             # size, cartoon or people, faces with boxes and numbers
    service.effects(); service.thumbnail("santa", "green")     # what may be asked for, and how it looks (WebP)
    service.recipes(task)                                      # the same edit as a command line and as Python
    service.close()

All methods may be called from any thread. What goes wrong is a `StillYouError`; those of `errors` say more.
"""

from stillyou.app.service.errors import Busy, FieldError, Gone, NotFound, TooLarge
from stillyou.app.service.jobs import EditTask, Failure, JobView, OutputWish, State
from stillyou.app.service.limits import Limits
from stillyou.app.service.looking import Seen
from stillyou.app.service.outputs import ResultFile
from stillyou.app.service.service import Service
from stillyou.app.service.uploads import Upload

__all__ = [
    "Busy",
    "EditTask",
    "Failure",
    "FieldError",
    "Gone",
    "JobView",
    "Limits",
    "NotFound",
    "OutputWish",
    "ResultFile",
    "Seen",
    "Service",
    "State",
    "TooLarge",
    "Upload",
]
