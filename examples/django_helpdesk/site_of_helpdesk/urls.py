"""The addresses of the project."""

from django.contrib import admin
from django.urls import include, path
from routing import views

urlpatterns = [
    path("admin/", admin.site.urls),
    path("presence/", views.presence, name="presence"),
    path("", include("helpdesk.urls", namespace="helpdesk")),
]
