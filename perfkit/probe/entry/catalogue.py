"""Every server and framework that the probe enters by: (module that triggers it, name, file, its install function)."""

ENTRIES = (
    ("gunicorn.app.base", "gunicorn", "entry.gunicorn_", "install_application"),
    ("gunicorn.workers.base", "gunicorn workers", "entry.gunicorn_", "install_worker"),
    ("uvicorn.config", "uvicorn", "entry.uvicorn_", "install_config"),
    ("uvicorn.server", "uvicorn server", "entry.uvicorn_", "install_server"),
    ("hypercorn.app_wrappers", "hypercorn", "entry.hypercorn_", "install"),
    ("werkzeug.serving", "werkzeug", "entry.werkzeug_", "install"),
    ("wsgiref.simple_server", "wsgiref", "entry.wsgiref_", "install"),
    ("waitress.server", "waitress", "entry.waitress_", "install"),
    ("gevent.pywsgi", "gevent", "entry.gevent_", "install"),
    ("flask.app", "flask", "frameworks.flask_", "install"),
    ("starlette.applications", "starlette", "frameworks.starlette_", "install_application"),
    ("starlette.routing", "starlette routes", "frameworks.starlette_", "install_routes"),
    ("fastapi.routing", "fastapi routes", "frameworks.fastapi_", "install"),
    ("django.core.handlers.base", "django routes", "frameworks.django_", "install_routes"),
    ("django.core.handlers.wsgi", "django wsgi", "frameworks.django_", "install_wsgi"),
    ("django.core.handlers.asgi", "django asgi", "frameworks.django_", "install_asgi"),
    ("django.template.response", "django templates", "frameworks.django_", "install_templates"),
)
