"""The renderer: OpenGL through EGL, on a graphics card where there is one, else on the CPU (Mesa)."""
