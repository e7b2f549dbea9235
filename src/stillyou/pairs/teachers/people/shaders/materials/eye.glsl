// An eyeball. aux: posed direction from its centre; params: 1 iris, redness | 2 wetness in y | 7 gaze
void surface(inout Surface s) {
    vec3 d = normalize(s.aux.xyz), gaze = params[7].xyz;
    float away = acos(clamp(dot(d, gaze), -1., 1.));
    vec3 right = normalize(cross(up, gaze)), above = cross(gaze, right);
    float round_ = atan(dot(d, above), dot(d, right));
    const float iris_edge = .47, pupil_edge = .175;
    vec3 white = vec3(.50, .455, .42) * (.93 + .1 * noise(d * 8.));
    float vessel = smoothstep(.58, .75, noise(vec3(round_ * 9., away * 7., seed))) * smoothstep(.6, 1.15, away);
    white = mix(white, vec3(.56, .25, .21), vessel * .4 * params[1].w + .3 * params[2].y);
    float fibres = noise(vec3(round_ * 14., away * 9., seed)) * .6 + noise(vec3(round_ * 30., away * 4., seed + 5.)) * .4;
    vec3 iris = params[1].rgb * (.5 + 1. * fibres) * mix(1.45, .75, smoothstep(.2, .46, away));
    iris = mix(iris, params[1].rgb * .22, smoothstep(iris_edge - .10, iris_edge, away));
    s.albedo = mix(iris, white, smoothstep(iris_edge - .02, iris_edge + .04, away));
    s.albedo = mix(vec3(.006), s.albedo, smoothstep(pupil_edge - .02, pupil_edge + .03, away));
    float lid = dot(d, up), corner = abs(dot(d, normalize(cross(up, forward))));
    s.occlusion = mix(1., .30, smoothstep(-.02, .45, lid)) * mix(1., .6, smoothstep(-.05, -.45, lid)) * mix(1., .5, smoothstep(.55, .95, corner));
    s.normal = normalize(mix(s.normal, gaze, away < iris_edge ? .25 : 0.));
    s.roughness = .07;
    s.reflectance = .03;
    s.mirror = 1.;
    s.scatter = .25;
    s.wrap = .25;
    vec3 r = reflect(-s.view, s.normal);
    s.glow = key_colour * .7 * smoothstep(.972, .986, dot(r, key_direction)) * mix(1., .5, smoothstep(.2, .5, lid));
}
