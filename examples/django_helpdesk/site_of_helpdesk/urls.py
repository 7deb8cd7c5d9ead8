"""The addresses of the project."""

from django.contrib import admin
from django.contrib.staticfiles.urls import staticfiles_urlpatterns
from django.urls import include, path
from routing import views

urlpatterns = [
    path("admin/", admin.site.urls),
    path("routing/board/", include("ticketroute.django.board")),
    path("presence/", views.presence, name="presence"),
    path("", include("helpdesk.urls", namespace="helpdesk")),
    *staticfiles_urlpatterns(),  # with DEBUG alone; in production the web server has them
]
