// Frames of glasses, dark lenses and jewellery. params: 0 colour, metal
void surface(inout Surface s) {
    float metal = params[0].w;
    s.albedo = params[0].rgb * (1. - .75 * metal);
    s.roughness = mix(.28, .2, metal);
    s.reflectance = .05;
    s.mirror = 1.;
    if (metal > .5) {
        vec3 r = reflect(-s.view, s.normal);
        s.glow = params[0].rgb * surroundings(r, .2) * 1.2;
    }
}
